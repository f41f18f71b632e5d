# What `cpack` makes of a build: the Debian packages porpoise (component worker), porpoise-dev (dev) and porpoise-sandbox
# (sandbox). `./run package` calls it, and portable.sh beside this file for the tarball.

# Man pages and completions, from the program itself.
set(documents ${PROJECT_BINARY_DIR}/documents)
add_custom_command(OUTPUT ${documents}/complete DEPENDS porpoise ${CMAKE_CURRENT_LIST_DIR}/documents.sh
    ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/documents.sh $<TARGET_FILE:porpoise> ${documents} ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  COMMENT "Man pages and completions" VERBATIM)
add_custom_target(porpoise_documents ALL DEPENDS ${documents}/complete)
# A build of single targets may have none.
install(DIRECTORY ${documents}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT worker OPTIONAL)
install(FILES ${documents}/porpoise.bash RENAME porpoise DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  COMPONENT worker OPTIONAL)
install(FILES ${documents}/_porpoise DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT worker OPTIONAL)
install(FILES ${documents}/porpoise.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT worker
  OPTIONAL)

# What belongs to the machine and not to a prefix is in the packages alone (EXCLUDE_FROM_ALL), never in `cmake --install`.
file(READ ${PROJECT_SOURCE_DIR}/docker/porpoise-worker.service unit)
string(REPLACE /usr/local/bin/ /usr/bin/ unit "${unit}")
string(REGEX REPLACE "#   useradd [^\n]*\n#   cp [^\n]*\n" "" unit "${unit}")  # the package does that
file(CONFIGURE OUTPUT ${documents}/porpoise-worker.service CONTENT "${unit}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docker/porpoise-worker.service)
install(FILES ${documents}/porpoise-worker.service DESTINATION /lib/systemd/system COMPONENT worker EXCLUDE_FROM_ALL)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/sysusers.conf RENAME porpoise.conf DESTINATION /usr/lib/sysusers.d COMPONENT worker
  EXCLUDE_FROM_ALL)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/tmpfiles.conf RENAME porpoise.conf DESTINATION /usr/lib/tmpfiles.d COMPONENT worker
  EXCLUDE_FROM_ALL)
install(FILES ${documents}/porpoise.yaml DESTINATION /etc/porpoise PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ
  COMPONENT worker EXCLUDE_FROM_ALL)
foreach(component worker dev sandbox)
  set(name porpoise-${component})
  if(component STREQUAL worker)
    set(name porpoise)
  endif()
  install(FILES ${CMAKE_CURRENT_LIST_DIR}/copyright ${documents}/changelog.gz ${documents}/NEWS.md.gz
    DESTINATION /usr/share/doc/${name} COMPONENT ${component} EXCLUDE_FROM_ALL)
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME porpoise)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_PACKAGE_CONTACT "porpoise maintainers <maintainers@porpoise.example>" CACHE STRING "Maintainer of the packages")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL worker dev sandbox)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_WORKER_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_WORKER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_WORKER_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_WORKER_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_WORKER_PACKAGE_SUGGESTS "porpoise-sandbox, python3, sudo")
set(CPACK_DEBIAN_WORKER_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/conffiles ${CMAKE_CURRENT_LIST_DIR}/postinst
  ${CMAKE_CURRENT_LIST_DIR}/prerm ${CMAKE_CURRENT_LIST_DIR}/postrm)
set(CPACK_DEBIAN_WORKER_DESCRIPTION "native worker for Apache DolphinScheduler 3.1
Joins a DolphinScheduler cluster and runs its tasks, each in a process
tree of its own that outlives the worker, or replays an exported workflow
on this machine. The service porpoise-worker is not started by itself:
say in /etc/porpoise/porpoise.yaml where ZooKeeper is first.")

set(CPACK_DEBIAN_DEV_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_DEV_DESCRIPTION "plugin ABI of porpoise, for task types of your own
Headers and a CMake package: what it takes to build a plugin for the
DolphinScheduler worker porpoise, and a template in C.")

set(CPACK_DEBIAN_SANDBOX_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_SANDBOX_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_SANDBOX_PACKAGE_DEPENDS "porpoise (>= ${PROJECT_VERSION}), python3")
set(CPACK_DEBIAN_SANDBOX_DESCRIPTION "development stand-in for OpenMLDB, and the example of porpoise
An APIServer and a cluster of OpenMLDB on DuckDB, for trying workflows
without one: porpoise sandbox openmldb. The Python packages duckdb, sqlglot
and kazoo are not in Debian and come from PyPI.")
include(CPack)
