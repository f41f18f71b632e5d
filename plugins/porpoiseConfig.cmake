# find_package(porpoise): the plugin API. Brings the target porpoise::plugin_api and porpoise_add_plugin().
get_filename_component(porpoise_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT EXISTS ${porpoise_prefix}/include/porpoise/plugin.h)
  # A multi-arch libdir is one level deeper.
  get_filename_component(porpoise_prefix "${porpoise_prefix}/.." ABSOLUTE)
endif()
if(NOT TARGET porpoise::plugin_api)
  add_library(porpoise::plugin_api INTERFACE IMPORTED)
  set_target_properties(porpoise::plugin_api PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${porpoise_prefix}/include)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/porpoise_add_plugin.cmake)
