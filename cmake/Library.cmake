# r1zero_library(NAME SOURCES ... DEPS ...): one static library a folder.
#
# A folder sees the headers of the folders it links and of no other: each library offers a folder of
# its own that holds one link, to its source folder, so that an include against the arrows of
# docs/architecture.md does not compile.
function(r1zero_library name)
  cmake_parse_arguments(ARG "" "FOLDER" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  add_library(r1zero_${name} STATIC ${ARG_SOURCES})
  set(seen ${PROJECT_BINARY_DIR}/include/${ARG_FOLDER})
  file(MAKE_DIRECTORY ${seen})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${ARG_FOLDER} ${seen}/${ARG_FOLDER} SYMBOLIC)
  target_include_directories(r1zero_${name} PUBLIC ${seen})
  target_link_libraries(r1zero_${name} PUBLIC ${ARG_DEPS})
endfunction()
