// Files as large as a policy, of which memory should not hold a copy beside what they are written from.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace r1zero {

// The whole file in pieces, in order. Error with the path and the system's reason.
void ReadFileInPieces(const std::filesystem::path& path,
                      const std::function<void(std::string_view)>& take);

// WriteFileDurably (common/file.h) of content that lies in several places.
void WriteFileDurably(const std::filesystem::path& path, std::span<const std::string_view> parts);

}  // namespace r1zero
