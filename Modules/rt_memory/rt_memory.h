/*
 BEGIN_JUCE_MODULE_DECLARATION

  ID:                 rt_memory
  vendor:             AudioHost
  version:            0.1.0
  name:               Memory for real-time threads
  description:        Smart pointers that may be dropped on a real-time thread; a collector destroys what they held elsewhere.
  license:            ISC
  dependencies:       rt_queues
  minimumCppStandard: 20

 END_JUCE_MODULE_DECLARATION
*/

#pragma once

#include "Allocate.h"
#include "Collector.h"
#include "Handle.h"
#include "Owned.h"
#include "Shared.h"
#include "SharedCell.h"
#include "SharedCellSlots.h"
#include "SharedMailbox.h"
#include "Weak.h"
