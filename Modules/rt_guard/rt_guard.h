/*
 BEGIN_JUCE_MODULE_DECLARATION

  ID:                 rt_guard
  vendor:             AudioHost
  version:            0.1.0
  name:               Real-time guard
  description:        Sees what a thread must not do while it is real-time, and says who did it
  license:            ISC
  dependencies:       rt_queues
  minimumCppStandard: 20

 END_JUCE_MODULE_DECLARATION
*/
#pragma once

#include "FutexWake.h"
#include "Guard.h"
#include "NodeScope.h"
#include "Nonblocking.h"
#include "PageFaults.h"
#include "Permit.h"
#include "RealtimeScope.h"
#include "Rescue.h"
#include "Suppressions.h"
#include "SystemCallNet.h"
#include "TickClock.h"
