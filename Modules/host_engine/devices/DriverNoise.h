#pragma once

namespace host
{

/** Keeps what libasound and libjack print about absent hardware and servers off stderr: what a person needs is in the
    errors we throw. Any thread, as often as wanted; JUCE puts libasound's own printing back when one of its device types
    is destroyed, so call it again before the next use of ALSA. */
void silenceDriverNoise() noexcept;

} // namespace host
