# check_compiler.cmake must let the good compilers pass and refuse the others, saying what to install.
function(check id compiler_version expected)
    execute_process(
        COMMAND ${CMAKE_COMMAND} -D CMAKE_CXX_COMPILER_ID=${id} -D CMAKE_CXX_COMPILER_VERSION=${compiler_version} -P ${checker}
        RESULT_VARIABLE result ERROR_VARIABLE said)
    string(REGEX REPLACE "[ \n]+" " " said "${said}")
    if(result EQUAL 0)
        set(verdict accepted)
    elseif(said MATCHES "girin needs clang 19 .*this is ${id} ${compiler_version}: install one \\(apt-get install clang-19")
        set(verdict refused)
    endif()
    if(NOT verdict STREQUAL expected)
        message(FATAL_ERROR "${id} ${compiler_version} should be ${expected}; check_compiler.cmake said: ${said}")
    endif()
endfunction()

check(Clang 19.1.7 accepted)
check(Clang 21.1.8 accepted)
check(GNU 14.2.0 accepted)
check(Clang 14.0.6 refused)
check(Clang 18.1.8 refused)
check(GNU 12.2.0 refused)
check(GNU 13.3.0 refused)
check(MSVC 19.40 refused)
