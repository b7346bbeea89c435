# choose_compiler.cmake must pick a compiler that gets coroutines right out of a PATH, and leave alone what it must not touch.
set(probe ${scratch}/probe.cmake)
file(REMOVE_RECURSE ${scratch})
file(WRITE ${probe} "include(${chooser})\nmessage(\"\${CMAKE_CXX_COMPILER} \${CMAKE_C_COMPILER}\")\n")

# check(NAME EXPECTED [ENVIRONMENT...] PROGRAMS name...): EXPECTED is what is chosen for C++ and for C, without the folder.
function(check name expected)
    cmake_parse_arguments(PARSE_ARGV 2 given "" "" "ENVIRONMENT;PROGRAMS")
    set(folder ${scratch}/${name})
    foreach(program ${given_PROGRAMS})
        file(WRITE ${folder}/${program} "#!/bin/sh\n")
        file(CHMOD ${folder}/${program} PERMISSIONS OWNER_READ OWNER_EXECUTE)
    endforeach()
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env --unset=CXX --unset=CC PATH=${folder} ${given_ENVIRONMENT} ${CMAKE_COMMAND} -P ${probe}
        COMMAND_ERROR_IS_FATAL ANY ERROR_VARIABLE said)
    string(REPLACE "${folder}/" "" chosen "${said}")
    string(STRIP "${chosen}" chosen)
    if(NOT chosen STREQUAL expected)
        message(FATAL_ERROR "of ${given_PROGRAMS} (${given_ENVIRONMENT}) \"${expected}\" should be chosen, not \"${chosen}\"")
    endif()
endfunction()

check(bookworm "clang++-19 clang-19" PROGRAMS c++ g++ g++-12 clang++ clang++-14 clang++-19)
check(several "clang++-19 clang-19" PROGRAMS g++-14 clang++-21 clang++-19)
check(newer "clang++-21 clang-21" PROGRAMS g++-14 clang++-21)
check(gcc "g++-14 gcc-14" PROGRAMS c++ g++ g++-14)
check(too_old "" PROGRAMS c++ g++ g++-12 g++-13 clang++ clang++-18)
check(named "" ENVIRONMENT CXX=g++-12 PROGRAMS g++-12 clang++-19)
