# girin_add_app(NAME SOURCE...) builds one application twice: libNAME.so for `girin ./libNAME.so`, and a
# self-contained executable NAME that is a server of its own.
set(GIRIN_APP_MAIN ${CMAKE_CURRENT_LIST_DIR}/../server/app_main.cpp)
function(girin_add_app name)
    add_library(${name}_module MODULE ${ARGN})
    set_target_properties(${name}_module PROPERTIES PREFIX lib OUTPUT_NAME ${name})
    target_link_libraries(${name}_module PRIVATE girin::girin)
    add_executable(${name} ${ARGN} ${GIRIN_APP_MAIN})
    target_link_libraries(${name} PRIVATE girin::girin)
endfunction()
