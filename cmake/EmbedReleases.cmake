# The files of releases/ become a table of bytes in the library: the binary alone installs all.
# Included: bdaas_embed_releases(TARGET). By `cmake -P` at build time: writes OUTPUT from FILES.
if(CMAKE_SCRIPT_MODE_FILE)
  set(TEXT "// Generated from releases/.\n#include <array>\n\n")
  string(APPEND TEXT "#include \"release/release_file.h\"\n\n")
  string(APPEND TEXT "namespace bdaas {\nnamespace {\n")
  set(ROWS "")
  set(COUNT 0)
  foreach(FILE ${FILES})
    file(READ "${FILE}" HEX HEX)
    string(REGEX REPLACE "(..)" "0x\\1," BYTES "${HEX}")
    get_filename_component(NAME "${FILE}" NAME)
    string(APPEND TEXT "constexpr unsigned char kFile${COUNT}[] = {${BYTES}};\n")
    string(APPEND ROWS "      EmbeddedFile{\"${NAME}\",\n                   "
                       "{reinterpret_cast<const char*>(kFile${COUNT}), sizeof(kFile${COUNT})}},\n")
    math(EXPR COUNT "${COUNT} + 1")
  endforeach()
  string(APPEND TEXT "}  // namespace\n\nstd::span<const EmbeddedFile> embedded_release_files() {\n"
                     "  static const std::array<EmbeddedFile, ${COUNT}> files = {\n${ROWS}  };\n"
                     "  return files;\n}\n\n}  // namespace bdaas\n")
  file(WRITE "${OUTPUT}" "${TEXT}")
  return()
endif()

set(BDAAS_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(bdaas_embed_releases TARGET)
  file(GLOB FILES CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/releases/*.json" "${PROJECT_SOURCE_DIR}/releases/*.gz")
  set(OUTPUT "${PROJECT_BINARY_DIR}/embedded_releases.cpp")
  add_custom_command(OUTPUT "${OUTPUT}"
    COMMAND "${CMAKE_COMMAND}" "-DFILES=${FILES}" "-DOUTPUT=${OUTPUT}" -P "${BDAAS_EMBED_SCRIPT}"
    DEPENDS ${FILES} "${BDAAS_EMBED_SCRIPT}"
    COMMENT "Embedding releases/" VERBATIM)
  target_sources(${TARGET} PRIVATE "${OUTPUT}")
endfunction()
