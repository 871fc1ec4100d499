# our_vst3 (NAME FOLDER source... [DEFINITIONS definition...] [LINK library...]): a VST3 module on our own small base, as the
# bundle FOLDER/NAME.vst3. It exports the three entry points and nothing else, and needs only libstdc++ and libc.
#
# our_vst3_bundle (NAME FOLDER BUNDLE) gives any module that shape, for those that bring a base of their own.

include_guard (GLOBAL)

# X11 and FreeType are for their headers alone: the editors load both libraries when one opens.
pkg_check_modules (Vst3View REQUIRED x11 freetype2)

add_library (vst3_base OBJECT
    "${CMAKE_SOURCE_DIR}/Source/DemoPlugins/Vst3Base/Canvas.cpp"
    "${CMAKE_SOURCE_DIR}/Source/DemoPlugins/Vst3Base/Component.cpp"
    "${CMAKE_SOURCE_DIR}/Source/DemoPlugins/Vst3Base/Entry.cpp"
    "${CMAKE_SOURCE_DIR}/Source/DemoPlugins/Vst3Base/Parameter.cpp"
    "${CMAKE_SOURCE_DIR}/Source/DemoPlugins/Vst3Base/State.cpp"
    "${CMAKE_SOURCE_DIR}/Source/DemoPlugins/Vst3Base/View.cpp"
    "${CMAKE_SOURCE_DIR}/Source/DemoPlugins/Vst3Base/Window.cpp")
target_include_directories (vst3_base PUBLIC "${CMAKE_SOURCE_DIR}/Source/DemoPlugins")
target_include_directories (vst3_base SYSTEM PUBLIC "${juceProcessors}/VST3_SDK" PRIVATE ${Vst3View_INCLUDE_DIRS})
# The SDK's headers ask for one of these two.
target_compile_definitions (vst3_base PUBLIC $<IF:$<CONFIG:Debug>,DEVELOPMENT=1,RELEASE=1> PRIVATE VST3_MODULE_VERSION="${PROJECT_VERSION}")
target_link_libraries (vst3_base PRIVATE our_code)
set_target_properties (vst3_base PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

function (our_vst3_bundle target folder bundle)
    set_target_properties (${target} PROPERTIES
        PREFIX "" OUTPUT_NAME "${bundle}" LIBRARY_OUTPUT_DIRECTORY "${folder}/${bundle}.vst3/Contents/${CMAKE_SYSTEM_PROCESSOR}-linux"
        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        LINK_DEPENDS "${CMAKE_SOURCE_DIR}/CMake/vst3-exports.map")
    target_link_options (${target} PRIVATE "-Wl,--version-script=${CMAKE_SOURCE_DIR}/CMake/vst3-exports.map")

    if (NOT AUDIOHOST_SANITIZER)
        target_link_options (${target} PRIVATE -Wl,-z,defs) # a sanitizer's symbols come from the host
    endif()
endfunction()

function (our_vst3 name folder)
    cmake_parse_arguments (arg "" "" "DEFINITIONS;LINK" ${ARGN})
    string (REPLACE " " "_" target "${name}")
    add_library (${target} MODULE ${arg_UNPARSED_ARGUMENTS})
    target_compile_definitions (${target} PRIVATE ${arg_DEFINITIONS})
    target_link_libraries (${target} PRIVATE vst3_base our_code ${arg_LINK})
    our_vst3_bundle (${target} "${folder}" "${name}")
endfunction()
