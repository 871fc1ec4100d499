/*
 BEGIN_JUCE_MODULE_DECLARATION

  ID:                 host_graph
  vendor:             AudioHost
  version:            0.1.0
  name:               Audio graph engine
  description:        GraphModel -> GraphCompiler -> RenderPlan -> SerialRenderer | ParallelRenderer: a plugin graph that renders without allocation.
  license:            GPL-3.0-or-later
  minimumCppStandard: 20

  dependencies:       juce_audio_basics, rt_queues, rt_memory, rt_guard

 END_JUCE_MODULE_DECLARATION
*/

#pragma once

#include "Error.h"
#include "NodeProcessor.h"
#include "TimeHistogram.h"
#include "NodeRuntime.h"
#include "GraphModel.h"
#include "DelayLine.h"
#include "AudioEdge.h"
#include "MidiEdge.h"
#include "RenderPlan.h"
#include "GraphCompiler.h"
#include "SerialRenderer.h"
#include "ParallelRenderer.h"
#include "nodes/BuiltInNodes.h"
