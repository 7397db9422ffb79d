# Installs the tools, and as a package (`find_package(cimc)`, targets `cimc::CimcExecutor` and below) the libraries that
# need neither LLVM nor MLIR, with their headers.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_libraries CimcSupport CimcTarget CimcMapping CimcDevices CimcProgram CimcExecutor)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/cimc)

foreach(library ${package_libraries})
  target_compile_features(${library} INTERFACE cxx_std_20)
endforeach()
install(TARGETS ${package_libraries} EXPORT cimc-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT cimc-targets NAMESPACE cimc:: DESTINATION ${package_folder} COMPONENT development)

foreach(part Support Target Mapping Devices Program Executor)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cimc/${part} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cimc COMPONENT development
    FILES_MATCHING PATTERN "*.h" PATTERN "ElementsBytes.h" EXCLUDE PATTERN "Yaml.h" EXCLUDE)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/include/cimc/Program/Instructions.inc
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cimc/Program COMPONENT development)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/cimcConfig.cmake.in ${PROJECT_BINARY_DIR}/cimcConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cimcConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cimcConfig.cmake ${PROJECT_BINARY_DIR}/cimcConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT development)

install(TARGETS cimc cimc-lsp-server cimc-objdump cimc-opt cimc-run cimc-translate
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/targets DESTINATION ${CMAKE_INSTALL_DATADIR}/cimc COMPONENT tools)
