# Installs the build into a scratch folder, moves it, and builds and runs a project that finds girin there. What was
# installed and what was built must serve.
function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "${command}\nended with ${result}:\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect_version program)
    run(${program} --version)
    if(NOT output MATCHES "${version}")
        message(FATAL_ERROR "${program} --version says \"${output}\", not ${version}")
    endif()
endfunction()

function(expect_to_serve)
    run(${python} ${server_runner} "Hello, World!" ${ARGN})
endfunction()

file(REMOVE_RECURSE ${scratch})
run(${CMAKE_COMMAND} --install ${build} --prefix ${scratch}/first)
file(RENAME ${scratch}/first ${scratch}/usr)
foreach(path bin/girin bin/hello lib/libgirin.so lib/libdemo.so lib/libhello.so include/girin/asgi.hpp
        lib/cmake/girin/girinConfig.cmake)
    if(NOT EXISTS ${scratch}/usr/${path})
        message(FATAL_ERROR "${path} was not installed")
    endif()
endforeach()

file(COPY ${consumer} ${hello} DESTINATION ${scratch})
file(RENAME ${scratch}/hello.cpp ${scratch}/consumer/hello.cpp)
if(sanitize)
    set(flags -fsanitize=${sanitize})
endif()
run(${CMAKE_COMMAND} -G Ninja -S ${scratch}/consumer -B ${scratch}/build -D CMAKE_BUILD_TYPE=Release
    -D CMAKE_PREFIX_PATH=${scratch}/usr -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_CXX_FLAGS=${flags})
run(${CMAKE_COMMAND} --build ${scratch}/build)

expect_version(${scratch}/usr/bin/girin)
expect_version(${scratch}/usr/bin/hello)
expect_version(${scratch}/build/hello)
run(${scratch}/usr/bin/girin --check-config ${scratch}/build/libhello.so)
run(${scratch}/build/hello --check-config)
expect_to_serve(${scratch}/usr/bin/girin ${scratch}/usr/lib/libdemo.so)
expect_to_serve(${scratch}/usr/bin/girin ${scratch}/build/libhello.so)
expect_to_serve(${scratch}/build/hello)
