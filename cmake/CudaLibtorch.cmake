# find_package(Torch) for a CUDA build of libtorch, without the CUDA toolkit.
#
# Torch's own config wants nvcc there. This project compiles nothing against CUDA's headers, so a
# stand-in for the one target that the config defines from the toolkit is enough. Where the CUDA
# libraries are missing too (no GPU: ./quickstart fetches only the two that the CPU part is linked
# to), the CPU part is linked alone.
if(NOT TARGET torch::cudart)
  add_library(torch::cudart INTERFACE IMPORTED)
endif()
find_package(Torch REQUIRED PATHS ${R1ZERO_LIBTORCH} NO_DEFAULT_PATH)

# Where a CUDA build looks for them: its RPATH starts with $ORIGIN/../../nvidia.
find_library(R1ZERO_CUDNN NAMES libcudnn.so.9 libcudnn.so
             HINTS ${R1ZERO_LIBTORCH}/../nvidia/cudnn/lib ${R1ZERO_LIBTORCH}/lib)
if(NOT R1ZERO_CUDNN)
  message(STATUS "libtorch is a CUDA build, its CUDA libraries are not here: using its CPU part")
  set_target_properties(torch PROPERTIES
    IMPORTED_LOCATION_RELEASE ${R1ZERO_LIBTORCH}/lib/libtorch_cpu.so
    IMPORTED_SONAME_RELEASE libtorch_cpu.so
    INTERFACE_LINK_LIBRARIES torch_cpu_library)
endif()
