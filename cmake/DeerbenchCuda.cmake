# nvcc, for the agent's kernels (agent/cuda). It compiles one file that includes no header of other libraries, so CMake's own CUDA
# language, which wants a whole toolkit, is not needed: deerbench_cuda_queue is that file's object and the static CUDA runtime.
set(DEERBENCH_CUDA AUTO CACHE STRING "The agent's kernels for GPUs: AUTO (where nvcc is found), ON or OFF")
set_property(CACHE DEERBENCH_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT DEERBENCH_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "DEERBENCH_CUDA is '${DEERBENCH_CUDA}', expected AUTO, ON or OFF")
endif()
if(DEERBENCH_CUDA STREQUAL "OFF")
  return()
endif()

# The machine's own, or the Python environment's (scripts/setup --cuda).
execute_process(COMMAND "${Python3_EXECUTABLE}" -c "import nvidia.cu13 as p; print(list(p.__path__)[0])"
  OUTPUT_VARIABLE DEERBENCH_CUDA_WHEELS OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
find_program(DEERBENCH_NVCC nvcc PATHS /usr/local/cuda/bin "${DEERBENCH_CUDA_WHEELS}/bin")
if(DEERBENCH_NVCC)
  execute_process(COMMAND "${DEERBENCH_NVCC}" --version OUTPUT_VARIABLE report)
  string(REGEX MATCH "release ([0-9.]+)" found "${report}")
  set(DEERBENCH_NVCC_VERSION "${CMAKE_MATCH_1}")
  # Where its toolkit lies, also if what was found is a script that calls it.
  execute_process(COMMAND "${DEERBENCH_NVCC}" --dryrun -c -x cu /dev/null OUTPUT_QUIET ERROR_VARIABLE report)
  string(REGEX MATCH "TOP=([^\n]*)" found "${report}")
  find_library(DEERBENCH_CUDART cudart_static NO_DEFAULT_PATH
    PATHS "${CMAKE_MATCH_1}/targets/x86_64-linux/lib" "${CMAKE_MATCH_1}/lib64" "${CMAKE_MATCH_1}/lib")
endif()
if(NOT DEERBENCH_NVCC OR NOT DEERBENCH_CUDART OR DEERBENCH_NVCC_VERSION VERSION_LESS 12.0)
  if(DEERBENCH_CUDA STREQUAL "ON")
    message(FATAL_ERROR "DEERBENCH_CUDA is ON; nvcc: ${DEERBENCH_NVCC} ${DEERBENCH_NVCC_VERSION}, its runtime: ${DEERBENCH_CUDART}; "
      "expected nvcc 12.0 or later with libcudart_static.a")
  endif()
  message(STATUS "No nvcc from 12.0 on: the agent's kernels for GPUs are left out")
  return()
endif()

set(DEERBENCH_CUDA_OBJECT "${PROJECT_BINARY_DIR}/agent/cuda/device_queue.cu.o")
set(source "${PROJECT_SOURCE_DIR}/agent/cuda/device_queue.cu")
# Machine code for the A100's and the H100's kind, and portable code for what comes after them.
add_custom_command(OUTPUT "${DEERBENCH_CUDA_OBJECT}"
  COMMAND ${CMAKE_COMMAND} -E make_directory "${PROJECT_BINARY_DIR}/agent/cuda"
  COMMAND "${DEERBENCH_NVCC}" -std=c++20 -O3 -ccbin "${CMAKE_CXX_COMPILER}" --expt-relaxed-constexpr
    -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 -gencode arch=compute_90,code=compute_90
    -Xcompiler=-fPIC,-Wall -Werror=all-warnings "-I${PROJECT_SOURCE_DIR}"
    -MD -MF "${DEERBENCH_CUDA_OBJECT}.d" -MT agent/cuda/device_queue.cu.o -c "${source}" -o "${DEERBENCH_CUDA_OBJECT}"
  DEPENDS "${source}" DEPFILE "${DEERBENCH_CUDA_OBJECT}.d"
  COMMENT "Compiling the agent's kernels for sm_80 and sm_90" VERBATIM)
add_custom_target(deerbench_cuda_kernels DEPENDS "${DEERBENCH_CUDA_OBJECT}")
add_library(deerbench_cuda_queue INTERFACE)
add_dependencies(deerbench_cuda_queue deerbench_cuda_kernels)
target_link_libraries(deerbench_cuda_queue INTERFACE
  "${DEERBENCH_CUDA_OBJECT}" "${DEERBENCH_CUDART}" ${CMAKE_DL_LIBS} Threads::Threads rt)
set(DEERBENCH_HAS_CUDA ON)
