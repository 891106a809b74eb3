#include "policy/bpe_splitter.h"

#include "common/error.h"
#include "policy/json.h"

namespace r1zero {
namespace {

using nlohmann::json;

constexpr const char* kSupported =
    "expected ByteLevel, or a Sequence of Split and Digits with ByteLevel at its end";

std::string TypeOf(const json& part, const std::string& where) {
  Require(part.is_object() && part.value("type", json()).is_string(), where, " is ", Shown(part),
          "; ", kSupported);
  return part["type"].get<std::string>();
}

bool ReadFlag(const json& part, const char* name, bool otherwise, const std::string& where) {
  const json flag = part.value(name, json(otherwise));
  Require(flag.is_boolean(), where, ".", name, " is ", Shown(flag), ", expected true or false");
  return flag.get<bool>();
}

}  // namespace

BpeSplitter::Step BpeSplitter::ReadSplit(const json& step, const std::string& where) {
  Require(step.value("behavior", json()) == "Isolated" && !ReadFlag(step, "invert", false, where),
          where, " has behavior ", Shown(step.value("behavior", json())), " and invert ",
          Shown(step.value("invert", json())), "; a Split must be Isolated and not inverted");
  const json pattern = step.value("pattern", json());
  const json regex = pattern.is_object() ? pattern.value("Regex", json()) : json();
  Require(regex.is_string(), where, ".pattern is ", Shown(pattern), ", expected a Regex");
  const PieceSize known = FindPattern(regex.get<std::string>());
  Require(known != nullptr, where, ".pattern.Regex is ", regex.get<std::string>().substr(0, 400),
          ", which is not supported; known are", KnownPatterns());
  return {.kind = Kind::kPattern, .pattern = known};
}

BpeSplitter::Step BpeSplitter::ReadDigits(const json& step, const std::string& where) {
  return {.kind = Kind::kDigits, .one_by_one = ReadFlag(step, "individual_digits", false, where)};
}

BpeSplitter::Step BpeSplitter::ReadByteLevel(const json& step, const std::string& where) {
  const bool cuts = ReadFlag(step, "use_regex", true, where);
  return {.kind = cuts ? Kind::kPattern : Kind::kWhole,
          .pattern = cuts ? Gpt2Piece : nullptr,
          .prefix_space = ReadFlag(step, "add_prefix_space", true, where)};
}

BpeSplitter::Step BpeSplitter::ReadStep(const json& step, const std::string& where) {
  const std::string type = TypeOf(step, where);
  if (type == "Split") return ReadSplit(step, where);
  Require(type == "Digits", where, " of type ", Shown(type), " is not supported here; ",
          kSupported);
  return ReadDigits(step, where);
}

BpeSplitter BpeSplitter::FromJson(const json& pre_tokenizer, const std::string& where) {
  const std::string field = where + ": pre_tokenizer";
  BpeSplitter splitter;
  const std::string type = TypeOf(pre_tokenizer, field);
  if (type == "ByteLevel") {
    splitter.steps_.push_back(ReadByteLevel(pre_tokenizer, field));
    return splitter;
  }
  Require(type == "Sequence", field, " of type ", Shown(type), " is not supported; ", kSupported);
  const json steps = pre_tokenizer.value("pretokenizers", json());
  Require(steps.is_array() && !steps.empty(), field, ".pretokenizers is ", Shown(steps), "; ",
          kSupported);
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::string at = field + ".pretokenizers[" + std::to_string(i) + "]";
    const bool is_last = i + 1 == steps.size();
    const std::string of = TypeOf(steps[i], at);
    Require(!is_last || of == "ByteLevel", at, " is the last, of type ", Shown(of), "; ",
            kSupported);
    splitter.steps_.push_back(is_last ? ReadByteLevel(steps[i], at) : ReadStep(steps[i], at));
  }
  return splitter;
}

size_t BpeSplitter::DigitsPiece(std::string_view text, bool one_by_one) {
  const CodePoint first = FirstCodePoint(text);
  const bool is_digit = IsDigit(first.value);
  size_t size = first.size;
  if (is_digit && one_by_one) return size;
  while (size < text.size()) {
    const CodePoint next = FirstCodePoint(text.substr(size));
    if (IsDigit(next.value) != is_digit) break;
    size += next.size;
  }
  return size;
}

}  // namespace r1zero
