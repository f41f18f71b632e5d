# porpoise_add_plugin(NAME TYPE id SUMMARY text SCHEMA file SOURCES file... [LIBRARIES target...] [FLAGS flag...]
#                     [NEEDS extension...] [CONFIG file] [VERSION v] [VENDOR v])
#
# Builds NAME.so as a porpoise plugin: metadata note from the arguments and the JSON Schema, every symbol hidden but
# porpoise_plugin_v1. NEEDS are ids of host extensions (porpoise.process/1): a porpoise without one refuses the plugin by
# that name, before any task. CONFIG is the JSON Schema of the plugin's section in porpoise.yaml, which `porpoise config
# check` then knows.
set(PORPOISE_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# The version of the ABI is written in plugin.h alone. An installation says where that is (porpoiseConfig.cmake).
if(NOT PORPOISE_PLUGIN_INCLUDE_DIR)
  set(PORPOISE_PLUGIN_INCLUDE_DIR ${CMAKE_CURRENT_LIST_DIR}/../include)
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PORPOISE_PLUGIN_INCLUDE_DIR}/porpoise/plugin.h)
foreach(part MAJOR MINOR)
  file(STRINGS ${PORPOISE_PLUGIN_INCLUDE_DIR}/porpoise/plugin.h line REGEX "^#define PORPOISE_ABI_${part} [0-9]+")
  string(REGEX REPLACE "^#define PORPOISE_ABI_${part} ([0-9]+).*" "\\1" PORPOISE_ABI_${part} "${line}")
endforeach()
set(PORPOISE_ABI_VERSION ${PORPOISE_ABI_MAJOR}.${PORPOISE_ABI_MINOR})

# porpoise_check_schema(FILE POINTER JSON): stops at a keyword that porpoise does not look at. A misspelt "required" would
# check nothing, for ever. src/plugin/schema.cc has the same list, for plugins that were built without this file.
function(porpoise_check_schema file pointer schema)
  set(keywords type required enum properties additionalProperties items default description examples title $schema)
  string(JSON count LENGTH "${schema}")
  if(count EQUAL 0)
    return()
  endif()
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    string(JSON keyword MEMBER "${schema}" ${index})
    if(NOT keyword IN_LIST keywords)
      message(FATAL_ERROR "${file}: ${pointer} has the keyword '${keyword}', which porpoise does not know; there are ${keywords}")
    endif()
  endforeach()
  string(JSON properties ERROR_VARIABLE none GET "${schema}" properties)
  if(NOT none)
    string(JSON count LENGTH "${properties}")
    if(count GREATER 0)
      math(EXPR last "${count} - 1")
      foreach(index RANGE ${last})
        string(JSON property MEMBER "${properties}" ${index})
        string(JSON value GET "${properties}" "${property}")
        porpoise_check_schema(${file} "${pointer}/properties/${property}" "${value}")
      endforeach()
    endif()
  endif()
  string(JSON items ERROR_VARIABLE none GET "${schema}" items)
  if(NOT none)
    porpoise_check_schema(${file} "${pointer}/items" "${items}")
  endif()
endfunction()

function(porpoise_add_plugin name)
  cmake_parse_arguments(ARG "" "TYPE;SUMMARY;SCHEMA;CONFIG;VERSION;VENDOR" "SOURCES;LIBRARIES;FLAGS;NEEDS" ${ARGN})
  if(NOT ARG_VERSION)
    set(ARG_VERSION ${PROJECT_VERSION})
  endif()
  if(NOT ARG_VENDOR)
    set(ARG_VENDOR porpoise)
  endif()
  file(READ ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SCHEMA} schema)
  porpoise_check_schema(${ARG_SCHEMA} "" "${schema}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SCHEMA})
  foreach(list FLAGS NEEDS)
    list(TRANSFORM ARG_${list} REPLACE "(.+)" "\"\\1\"")
    list(JOIN ARG_${list} "," ${list}_json)
  endforeach()
  set(type "{}")
  foreach(member id version vendor summary)
    set(value ${ARG_${member}})
    if(member STREQUAL id)
      set(value "${ARG_TYPE}")
    elseif(member STREQUAL version)
      set(value "${ARG_VERSION}")
    elseif(member STREQUAL vendor)
      set(value "${ARG_VENDOR}")
    else()
      set(value "${ARG_SUMMARY}")
    endif()
    string(JSON type SET "${type}" ${member} "\"${value}\"")
  endforeach()
  string(JSON type SET "${type}" flags "[${FLAGS_json}]")
  string(JSON type SET "${type}" params "${schema}")
  if(ARG_CONFIG)
    get_filename_component(config ${ARG_CONFIG} ABSOLUTE)
    file(READ ${config} schema)
    porpoise_check_schema(${ARG_CONFIG} "" "${schema}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${config})
    string(JSON type SET "${type}" config "${schema}")
  endif()
  set(metadata "{\"abi\":[${PORPOISE_ABI_MAJOR},${PORPOISE_ABI_MINOR}],\"needs\":[${NEEDS_json}],\"types\":[${type}]}")

  # The note is data, not a string literal: C compilers promise no more than 4095 characters in one.
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.metadata.json CONTENT "${metadata}" @ONLY)
  file(READ ${CMAKE_CURRENT_BINARY_DIR}/${name}.metadata.json bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR content_size "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}_note.c @ONLY CONTENT [[
#include <stdint.h>
__attribute__((used, aligned(4), section(".note.porpoise"))) static const struct {
  uint32_t name_size, content_size, type;
  char name[12];
  unsigned char content[@content_size@];
} porpoise_plugin_note = {9, @content_size@, 1, "porpoise", {@bytes@}};
]])

  add_library(${name} MODULE ${ARG_SOURCES} ${CMAKE_CURRENT_BINARY_DIR}/${name}_note.c)
  set_target_properties(${name} PROPERTIES
    PREFIX "" CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${PORPOISE_PLUGIN_CMAKE_DIR}/plugin.map)
  target_link_options(${name} PRIVATE -Wl,--version-script=${PORPOISE_PLUGIN_CMAKE_DIR}/plugin.map -Wl,-z,relro)
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  if(TARGET porpoise_flags)  # inside the project
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PORPOISE_PLUGIN_OUTPUT_DIRECTORY})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${name} PRIVATE porpoise_flags)
    if(NOT PORPOISE_SANITIZE AND NOT PORPOISE_FUZZ)
      # One process per task loads it: with its own libstdc++ inside, that takes 0.1 ms instead of 0.7.
      target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc -Wl,--gc-sections)
    endif()
    if(PORPOISE_PLUGIN_INSTALL_DIRECTORY)
      install(TARGETS ${name} DESTINATION ${PORPOISE_PLUGIN_INSTALL_DIRECTORY} COMPONENT worker)
    endif()
  else()
    target_link_libraries(${name} PRIVATE porpoise::plugin_api)
  endif()
endfunction()
