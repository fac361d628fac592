# ccache and mold make a rebuild on two cores bearable; both are optional.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers need both: without them ccache keeps nothing that uses one.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE}")
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

option(BDAAS_WERROR "Treat warnings as errors" ON)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(BDAAS_WERROR)
  add_compile_options(-Werror)
endif()

set(BDAAS_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")
if(BDAAS_SANITIZE)
  add_compile_options(-fsanitize=${BDAAS_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BDAAS_SANITIZE})
endif()

option(BDAAS_FUZZ "Build the fuzz targets; needs clang" OFF)
if(BDAAS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
