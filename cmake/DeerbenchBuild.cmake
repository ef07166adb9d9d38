# Compile settings shared by every target, and the two ways a target is made: a module (one folder, one static
# library) and a test.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(DEERBENCH_CCACHE ccache)
if(DEERBENCH_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${DEERBENCH_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${DEERBENCH_CCACHE}")
endif()

set(DEERBENCH_ARCH "x86-64-v3" CACHE STRING "Target instruction set (-march)")
option(DEERBENCH_SANITIZE "Address and undefined-behaviour sanitisers" OFF)
option(DEERBENCH_WERROR "Treat warnings in our own targets as errors" ON)

add_library(deerbench_flags INTERFACE)
# No floating-point contraction anywhere in the simulator: results must not depend on the compiler's choice of FMA.
target_compile_options(deerbench_flags INTERFACE
  -march=${DEERBENCH_ARCH} -ffp-contract=off -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${DEERBENCH_WERROR}>:-Werror>
  $<$<BOOL:${DEERBENCH_SANITIZE}>:-fsanitize=address,undefined;-fno-sanitize-recover=undefined;-fno-omit-frame-pointer;-Wno-maybe-uninitialized>)
target_link_options(deerbench_flags INTERFACE
  $<$<BOOL:${DEERBENCH_SANITIZE}>:-fsanitize=address,undefined>)
target_include_directories(deerbench_flags INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")

# deerbench_add_module(NAME SOURCES a.cc ... [PUBLIC target ...] [PRIVATE target ...]): static library deerbench_NAME.
function(deerbench_add_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(deerbench_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(deerbench_${name} PUBLIC ${ARG_PUBLIC} PRIVATE deerbench_flags ${ARG_PRIVATE})
  target_include_directories(deerbench_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
endfunction()

# deerbench_add_test(NAME SOURCES a.cc ... LIBS target ... [LABELS unit|parity|behaviour] [TIMEOUT s]): one Catch2
# program tests/NAME, registered with CTest under NAME.
function(deerbench_add_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE deerbench_flags deerbench_test_main ${ARG_LIBS})
  add_test(NAME ${name} COMMAND ${name} --durations no)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "DEERBENCH_SCENES=${PROJECT_SOURCE_DIR}/scenes")
endfunction()
