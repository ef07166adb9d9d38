# Third-party libraries, all from the distribution or from the active Python environment (LibTorch, pybind11).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(HDF5 REQUIRED COMPONENTS C)
pkg_check_modules(TINYXML2 REQUIRED IMPORTED_TARGET tinyxml2)
pkg_check_modules(VPX REQUIRED IMPORTED_TARGET vpx)
pkg_check_modules(BULLET REQUIRED bullet-float64)

# Bullet in double precision. Its headers are SYSTEM: their warnings are not ours.
add_library(deerbench_bullet INTERFACE)
target_include_directories(deerbench_bullet SYSTEM INTERFACE ${BULLET_INCLUDE_DIRS})
target_compile_options(deerbench_bullet INTERFACE ${BULLET_CFLAGS_OTHER})
target_link_directories(deerbench_bullet INTERFACE ${BULLET_LIBRARY_DIRS})
target_link_libraries(deerbench_bullet INTERFACE ${BULLET_LIBRARIES})

find_package(Python3 COMPONENTS Interpreter REQUIRED)
if(NOT DEERBENCH_TENSORS)
  return()
endif()

# LibTorch comes with the Python package; the setup script points CMAKE_PREFIX_PATH at it.
if(NOT Torch_DIR)
  execute_process(COMMAND "${Python3_EXECUTABLE}" -c "import torch; print(torch.utils.cmake_prefix_path)"
    OUTPUT_VARIABLE DEERBENCH_TORCH_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  list(APPEND CMAKE_PREFIX_PATH "${DEERBENCH_TORCH_PREFIX}")
endif()
find_package(Torch REQUIRED)
