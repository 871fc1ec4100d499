#include "DriverNoise.h"

#include <alsa/asoundlib.h>
#include <jack/jack.h>

namespace host
{

namespace
{

// Not a lambda: g++ 12 cannot make a function pointer of one with variadic arguments.
void ignoreAlsaError (const char*, int, const char*, int, const char*, ...) {}

} // namespace

void silenceDriverNoise() noexcept
{
    snd_lib_error_set_handler (ignoreAlsaError);
    jack_set_error_function ([] (const char*) {});
    jack_set_info_function ([] (const char*) {});
}

} // namespace host
