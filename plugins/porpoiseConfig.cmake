# find_package(porpoise 1.0): the plugin API. Its version is that of the ABI, not of the program: a later porpoise accepts
# plugins of each earlier minor. Brings the target porpoise::plugin_api and porpoise_add_plugin().
get_filename_component(porpoise_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT EXISTS ${porpoise_prefix}/include/porpoise/plugin.h)
  # A multi-arch libdir is one level deeper.
  get_filename_component(porpoise_prefix "${porpoise_prefix}/.." ABSOLUTE)
endif()
set(PORPOISE_PLUGIN_INCLUDE_DIR ${porpoise_prefix}/include)
if(NOT TARGET porpoise::plugin_api)
  add_library(porpoise::plugin_api INTERFACE IMPORTED)
  set_target_properties(porpoise::plugin_api PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${PORPOISE_PLUGIN_INCLUDE_DIR})
endif()
include(${CMAKE_CURRENT_LIST_DIR}/porpoise_add_plugin.cmake)
