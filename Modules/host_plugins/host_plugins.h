/*
 BEGIN_JUCE_MODULE_DECLARATION

  ID:                 host_plugins
  vendor:             AudioHost
  version:            0.1.0
  name:               Plugin hosting
  description:        VST3, LV2 and LADSPA plugins behind one seam, their catalogue, and scanning in child processes.
  license:            GPL-3.0-or-later
  minimumCppStandard: 20

  dependencies:       juce_audio_processors, host_graph

 END_JUCE_MODULE_DECLARATION
*/

#pragma once

#include "PluginInstance.h"
#include "PluginFormats.h"
#include "PluginPaths.h"
#include "WriteFile.h"
#include "KnownWrapperCalls.h"
#include "SuppressionFile.h"
#include "process/ChildProcess.h"
#include "process/TrialLoad.h"
#include "catalogue/Catalogue.h"
#include "scan/Scanner.h"
#include "check/CheckRunner.h"
