#include "services/machine_memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace r1zero {
namespace {

namespace fs = std::filesystem;

// The files that may limit this process: of its control group and of those above it, in both versions of
// the hierarchy. A container sees its own group as the root.
std::vector<fs::path> ControlGroupLimits() {
  std::vector<fs::path> files;
  const auto add = [&](const fs::path& root, fs::path group, const char* name) {
    for (;; group = group.parent_path()) {
      files.push_back(root / group.relative_path() / name);
      if (!group.has_relative_path()) return;
    }
  };
  add("/sys/fs/cgroup", "/", "memory.max");
  add("/sys/fs/cgroup/memory", "/", "memory.limit_in_bytes");
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) add("/sys/fs/cgroup", group, "memory.max");
    if (controllers == "memory") add("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
  }
  return files;
}

}  // namespace

int64_t MachineMemoryBytes() {
  int64_t bytes = std::max<int64_t>(0, sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  for (const std::filesystem::path& file : ControlGroupLimits()) {
    int64_t limit = 0;  // stays so where the file says "max" or is not there
    if (std::ifstream(file) >> limit && limit > 0) bytes = std::min(bytes, limit);
  }
  return bytes;
}

void KeepFreedMemory() {
  // Larger ones are few and live long, and an aligned one does not fit into the hole of another of its size.
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_ARENA_MAX, 1);  // or each thread keeps what it freed for itself
}

void ReturnFreedMemory() { malloc_trim(0); }

ProcessMemory OwnMemory() {
  ProcessMemory memory;
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name;) {
    int64_t kilobytes = 0;
    if (name == "VmRSS:" && status >> kilobytes) memory.now = kilobytes * 1024;
    if (name == "VmHWM:" && status >> kilobytes) memory.peak = kilobytes * 1024;
  }
  return memory;
}

}  // namespace r1zero
