# girin_add_app(NAME SOURCE...) builds one application twice: libNAME.so for `girin ./libNAME.so` (target NAME_module), and
# a self-contained executable NAME that is a server of its own (target NAME).
function(girin_add_app name)
    add_library(${name}_module MODULE ${ARGN})
    set_target_properties(${name}_module PROPERTIES PREFIX lib OUTPUT_NAME ${name} BUILD_RPATH_USE_ORIGIN OFF)
    add_executable(${name} ${ARGN} ${GIRIN_APP_MAIN})
    foreach(target ${name}_module ${name})
        target_link_libraries(${target} PRIVATE girin::girin)
        set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    endforeach()
endfunction()
