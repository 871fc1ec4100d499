# JUCE's modules, compiled once into one static library that the app, the tests and the plugins share.
#
# Each module is one translation unit (or a few) beside its header, so this needs nothing of JUCE's own CMake files: any
# folder that holds the modules will do, whether Debian's package or a checkout.

set (AUDIOHOST_JUCE_PATH "" CACHE PATH "A JUCE source tree (7 or 8) to build with, in place of Debian's package")

if (AUDIOHOST_JUCE_PATH)
    set (juceModules "${AUDIOHOST_JUCE_PATH}/modules")
    set (juceIsDebians OFF)
else()
    set (juceModules "/usr/share/juce/modules")
    set (juceIsDebians ON)
endif()

if (NOT EXISTS "${juceModules}/juce_core/juce_core.h")
    message (FATAL_ERROR "There is no JUCE in ${juceModules}. Install juce-modules-source, or give -DAUDIOHOST_JUCE_PATH=<JUCE checkout>.")
endif()

file (STRINGS "${juceModules}/juce_core/system/juce_StandardHeader.h" juceVersionLines REGEX "define JUCE_(MAJOR|MINOR)_VERSION|define JUCE_BUILDNUMBER")
string (REGEX REPLACE "[^0-9;]" "" juceVersionNumbers "${juceVersionLines}")
string (REPLACE ";" "." juceVersion "${juceVersionNumbers}")
message (STATUS "JUCE ${juceVersion} from ${juceModules}")

find_package (PkgConfig REQUIRED)
find_package (Threads REQUIRED)
pkg_check_modules (JuceDeps REQUIRED IMPORTED_TARGET alsa jack freetype2)

add_library (juce_shared STATIC)

foreach (module IN ITEMS juce_core juce_events juce_data_structures juce_graphics juce_gui_basics juce_gui_extra
                         juce_audio_basics juce_audio_devices juce_audio_formats juce_audio_processors juce_audio_utils)
    # A checkout's modules carry their third-party sources as extra .cpp and .c files of the same prefix.
    file (GLOB moduleSources CONFIGURE_DEPENDS "${juceModules}/${module}/${module}*.cpp" "${juceModules}/${module}/${module}*.c")
    target_sources (juce_shared PRIVATE ${moduleSources})
    target_compile_definitions (juce_shared PUBLIC JUCE_MODULE_AVAILABLE_${module}=1)
endforeach()

set (juceProcessors "${juceModules}/juce_audio_processors/format_types")

target_include_directories (juce_shared SYSTEM PUBLIC
    "${juceModules}" "${juceProcessors}/VST3_SDK"
    "${juceProcessors}/LV2_SDK" "${juceProcessors}/LV2_SDK/lv2" "${juceProcessors}/LV2_SDK/serd" "${juceProcessors}/LV2_SDK/sord"
    "${juceProcessors}/LV2_SDK/sord/src" "${juceProcessors}/LV2_SDK/sratom" "${juceProcessors}/LV2_SDK/lilv" "${juceProcessors}/LV2_SDK/lilv/src")

target_compile_definitions (juce_shared
    PUBLIC
        LINUX=1
        JUCE_GLOBAL_MODULE_SETTINGS_INCLUDED=1
        $<IF:$<CONFIG:Debug>,DEBUG=1,NDEBUG=1>
        JUCE_STANDALONE_APPLICATION=1
        JUCE_MODAL_LOOPS_PERMITTED=1
        JUCE_STRICT_REFCOUNTEDPOINTER=1
        JUCE_USE_CURL=0
        JUCE_WEB_BROWSER=0
        JUCE_DISPLAY_SPLASH_SCREEN=0
        JUCE_REPORT_APP_USAGE=0
        JUCE_PLUGINHOST_VST3=1
        JUCE_PLUGINHOST_LV2=1
        JUCE_PLUGINHOST_LADSPA=1
        JUCE_ALSA=1
        JUCE_JACK=1
        JUCE_JACK_CLIENT_NAME="AudioHost"
        JUCE_VST3_CAN_REPLACE_VST2=0)

# Line tables here too: the guard tells JUCE's own calls apart by function, file and line.
target_compile_options (juce_shared PRIVATE -w $<$<CONFIG:Release>:-g1>)
set_target_properties (juce_shared PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_link_libraries (juce_shared PUBLIC PkgConfig::JuceDeps Threads::Threads ${CMAKE_DL_LIBS} rt)

if (juceIsDebians)
    # Debian's JUCE uses the system's codecs where a checkout carries its own.
    pkg_check_modules (JuceCodecs REQUIRED IMPORTED_TARGET flac vorbis vorbisfile vorbisenc ogg libpng libjpeg zlib)
    target_link_libraries (juce_shared PUBLIC PkgConfig::JuceCodecs)
else()
    pkg_check_modules (JuceCodecs IMPORTED_TARGET flac vorbis vorbisfile vorbisenc ogg libpng libjpeg zlib fontconfig)

    if (JuceCodecs_FOUND)
        target_link_libraries (juce_shared PUBLIC PkgConfig::JuceCodecs)
    endif()
endif()
