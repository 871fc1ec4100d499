/*
 BEGIN_JUCE_MODULE_DECLARATION

  ID:                 rt_queues
  vendor:             AudioHost
  version:            0.1.0
  name:               Queues for real-time threads
  description:        Wait-free queues whose nodes the caller brings along: nothing is allocated or freed on the way.
  license:            ISC
  minimumCppStandard: 20

 END_JUCE_MODULE_DECLARATION
*/

#pragma once

#include "Backoff.h"
#include "BlockCache.h"
#include "CacheLine.h"
#include "CrTurnQueue.h"
#include "Freelist.h"
#include "FreelistElement.h"
#include "FreelistFault.h"
#include "FreelistState.h"
#include "HazardPointers.h"
#include "LruQueue.h"
#include "MagazineFreelist.h"
#include "MirroredRing.h"
#include "MirroredRingError.h"
#include "MirroredRingOptions.h"
#include "MpscQueue.h"
#include "Node.h"
#include "NodeChain.h"
#include "NodeQueue.h"
#include "NodeQueueHalves.h"
#include "NodeStore.h"
#include "ObjectPool.h"
#include "Policy.h"
#include "RingReader.h"
#include "RingStatus.h"
#include "RingWriter.h"
#include "SlotRegistry.h"
#include "ThreadSlots.h"
#include "TurnMpscQueue.h"
#include "TurnSpmcQueue.h"
