#include "host_graph.h"

#include "NodeProcessor.cpp"
#include "GraphModel.cpp"
#include "GraphCompiler.cpp"
#include "SerialRenderer.cpp"
#include "nodes/BuiltInNodes.cpp"
