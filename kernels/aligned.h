// A std::vector whose storage is aligned for any vector register; large ones ask for huge pages, so
// that weights and KV blocks, which are walked with wide strides, do not wait for the page table.
#pragma once

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstddef>
#include <new>
#include <vector>

namespace r1zero::kernels {

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64}, kHugePage{size_t{2} << 20};
  AlignedAllocator() = default;
  template <typename U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t n) {
    void* p = ::operator new(n * sizeof(T), Alignment(n));
#ifdef __linux__
    if (Alignment(n) == kHugePage) madvise(p, n * sizeof(T), MADV_HUGEPAGE);  // a wish only
#endif
    return static_cast<T*>(p);
  }
  void deallocate(T* p, size_t n) { ::operator delete(p, Alignment(n)); }
  bool operator==(const AlignedAllocator&) const { return true; }

 private:
  static std::align_val_t Alignment(size_t n) {
    return n * sizeof(T) >= static_cast<size_t>(kHugePage) ? kHugePage : kAlignment;
  }
};

template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace r1zero::kernels
