#include "FreelistBench.h"
#include "LruBench.h"
#include "MpmcBench.h"
#include "OwnershipBench.h"
#include "RingBench.h"
#include "SpscBench.h"

int main (int argc, char** argv)
{
    auto benches = bench::getSpscBenches();

    for (const auto& more : { bench::getFreelistBenches(), bench::getMpmcBenches(), bench::getOwnershipBenches(),
                              bench::getRingBenches(), bench::getLruBenches() })
        benches.insert (benches.end(), more.begin(), more.end());

    return bench::runProgram (argc, argv, benches);
}
