#include "BuiltInNodes.h"

#include "FeedbackNode.cpp"
#include "GainNode.cpp"
#include "MidiPlayerNode.cpp"
#include "MixerNode.cpp"
#include "ToneNode.cpp"
