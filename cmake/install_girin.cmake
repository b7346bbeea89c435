# The installed tree: bin/girin, lib/libgirin.so, include/girin/, and what find_package(girin) and girin_add_app need.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(girin_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/girin)

install(TARGETS girin EXPORT girinTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT girinTargets NAMESPACE girin:: DESTINATION ${girin_cmake_dir})
foreach(component aio server app)
    install(DIRECTORY ${component}/include/girin DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
endforeach()
file(RELATIVE_PATH bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
foreach(program girin_server hello demo)
    if(TARGET ${program})
        set_target_properties(${program} PROPERTIES INSTALL_RPATH \$ORIGIN/${bin_to_lib})
        install(TARGETS ${program})
    endif()
endforeach()
foreach(application hello demo)
    if(TARGET ${application}_module)
        # Without a path of its own: girin has loaded libgirin.so already.
        install(TARGETS ${application}_module LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    endif()
endforeach()

configure_package_config_file(cmake/girinConfig.cmake.in girinConfig.cmake
    INSTALL_DESTINATION ${girin_cmake_dir} PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(girinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/girinConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/girinConfigVersion.cmake
    cmake/girin_add_app.cmake DESTINATION ${girin_cmake_dir})
install(FILES ${GIRIN_APP_MAIN} DESTINATION ${CMAKE_INSTALL_DATADIR}/girin OPTIONAL)
