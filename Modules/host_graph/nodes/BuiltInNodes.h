#pragma once

#include "FeedbackNode.h"
#include "GainNode.h"
#include "IoNode.h"
#include "MidiPlayerNode.h"
#include "MixerNode.h"
#include "ToneNode.h"
