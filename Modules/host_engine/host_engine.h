/*
 BEGIN_JUCE_MODULE_DECLARATION

  ID:                 host_engine
  vendor:             AudioHost
  version:            0.1.0
  name:               Host engine
  description:        Devices, transport, MIDI, sessions and rendering: the program without a face.
  license:            GPL-3.0-or-later
  minimumCppStandard: 20

  dependencies:       juce_audio_devices, juce_audio_formats, rt_queues, rt_memory, host_graph, host_plugins
  linuxPackages:      samplerate libmd

 END_JUCE_MODULE_DECLARATION
*/

#pragma once

#include "Engine.h"
#include "PageFaultMeter.h"
#include "background/BackgroundPool.h"
#include "background/JobSequence.h"
#include "stream/FilePlayerNode.h"
#include "stream/RecorderNode.h"
#include "session/Session.h"
#include "session/FiltergraphImport.h"
#include "session/NodeFactory.h"
#include "session/SessionEditor.h"
#include "session/SessionGraph.h"
#include "render/AudioFile.h"
#include "render/WavOutput.h"
#include "render/OfflineRender.h"
#include "render/EditScript.h"
#include "render/ScriptedEdits.h"
#include "devices/AudioDevices.h"
#include "midi/MidiPorts.h"
#include "midi/MidiInputs.h"
#include "midi/MidiOutputs.h"
#include "play/LivePlayer.h"
#include "play/LiveHost.h"
#include "doctor/Doctor.h"
#include "GuardText.h"
#include "Report.h"
#include "CrashReport.h"
