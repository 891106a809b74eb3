#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <cctype>

namespace r1zero {
namespace {

const std::string& AnyOf(const std::vector<std::string>& all, RandomStream& random) {
  return all[random.Below(static_cast<int64_t>(all.size()))];
}

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '"';
}

// The name, number or word around `at` gives way to another one.
void ReplaceWord(std::string& bytes, size_t at, const std::string& word) {
  size_t begin = at, end = at;
  while (begin > 0 && IsWordByte(bytes[begin - 1])) --begin;
  while (end < bytes.size() && IsWordByte(bytes[end])) ++end;
  bytes.replace(begin, end - begin, word);
}

// A piece of any seed, cut where it happens to be.
std::string Piece(const FuzzTarget& target, RandomStream& random) {
  const std::string& from = AnyOf(target.seeds, random);
  const size_t at = random.Below(static_cast<int64_t>(from.size()) + 1);
  return from.substr(at, random.Below(40));
}

void Mutate(const FuzzTarget& target, std::string& bytes, RandomStream& random) {
  const size_t at = random.Below(static_cast<int64_t>(bytes.size()) + 1);
  const size_t count = std::min<size_t>(random.Below(9), bytes.size() - at);
  switch (random.Below(9)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
      break;
    case 1:
      if (at < bytes.size()) bytes[at] = static_cast<char>(random.Below(256));
      break;
    case 2: bytes.erase(at, count); break;
    case 3: bytes.insert(at, bytes.substr(at, count)); break;
    case 4: bytes.insert(at, AnyOf(target.words, random)); break;
    case 5:
    case 6: ReplaceWord(bytes, at, AnyOf(target.words, random)); break;
    case 7: bytes.insert(at, Piece(target, random)); break;
    case 8:
      if (random.Below(4) == 0) bytes.resize(at);
  }
}

}  // namespace

std::string FuzzInput(const FuzzTarget& target, uint64_t seed, uint64_t run) {
  RandomStream random(seed, RandomPurpose::kPrompt, run);
  std::string bytes = AnyOf(target.seeds, random);
  for (int64_t n = random.Below(1 + random.Below(4)); n >= 0; --n) Mutate(target, bytes, random);
  if (target.repair) target.repair(bytes, random);
  return bytes;
}

}  // namespace r1zero
