#include "policy/tokenizer_file.h"

#include "common/error.h"
#include "common/json_fault.h"
#include "policy/json.h"

namespace r1zero {
namespace {

using nlohmann::json;

constexpr size_t kMaxDepth = 64;

// Where the reader is in the file.
enum class Part { kRest, kVocab, kMerges, kOneMerge };

// Hears the parser's events. One list of hundreds of thousands of words is most of such a file, so
// model.vocab and model.merges never become JSON values.
class Reader final : public nlohmann::json_sax<json> {
 public:
  Reader(const std::string& where, size_t size) : where_(where), size_(size) {}

  bool null() override { return Value(nullptr); }
  bool boolean(bool value) override { return Value(value); }
  bool number_integer(int64_t value) override { return Value(value); }
  bool number_float(double value, const std::string&) override { return Value(value); }
  bool binary(json::binary_t&) override { return false; }

  bool number_unsigned(uint64_t value) override {
    if (part_ != Part::kVocab || value > INT32_MAX) return Value(value);
    file_.vocab.emplace_back(std::move(word_), static_cast<int32_t>(value));
    return true;
  }

  bool string(std::string& value) override {
    if (part_ == Part::kOneMerge) return MergeHalf(value);
    if (part_ == Part::kMerges) return SpacedMerge(value);
    return Value(std::move(value));
  }

  bool key(std::string& name) override {
    if (part_ == Part::kVocab) {
      word_ = std::move(name);
      return true;
    }
    if (open_.back()->contains(name))
      Fail(where_, ": the key ", Shown(name), " is there twice in one object");
    key_ = std::move(name);
    return true;
  }

  bool start_object(size_t) override {
    if (part_ == Part::kRest && IsListOfModel("vocab")) return Divert(Part::kVocab);
    RefuseInLists("an object");
    return Open(json::object());
  }

  bool end_object() override {
    if (part_ == Part::kVocab) return Rest();
    return Close();
  }

  bool start_array(size_t) override {
    if (part_ == Part::kRest && IsListOfModel("merges")) return Divert(Part::kMerges);
    if (part_ == Part::kMerges) {
      part_ = Part::kOneMerge;
      halves_ = 0;
      return true;
    }
    RefuseInLists("an array");
    return Open(json::array());
  }

  bool end_array() override {
    if (part_ == Part::kMerges) return Rest();
    if (part_ != Part::kOneMerge) return Close();
    if (halves_ != 2)
      Fail(where_, ": model.merges[", file_.merges.size(), "] has ", halves_,
           " tokens, expected two");
    file_.merges.Add(left_, right_);
    part_ = Part::kMerges;
    return true;
  }

  bool parse_error(size_t byte, const std::string&, const json::exception& error) override {
    Fail(where_, ": ", JsonFaultAt(byte, size_, error.what()));
  }

  TokenizerFile Take() { return std::move(file_); }

 private:
  bool IsListOfModel(std::string_view name) const {
    return open_.size() == 2 && model_is_open_ && open_.back()->is_object() && key_ == name;
  }

  // The list itself is left in the rest as null, so that a second one is found.
  bool Divert(Part part) {
    (*open_.back())[key_] = nullptr;
    part_ = part;
    file_.has_merges = file_.has_merges || part == Part::kMerges;
    return true;
  }

  bool Rest() {
    part_ = Part::kRest;
    return true;
  }

  bool MergeHalf(std::string& half) {
    if (halves_ < 2) (halves_ == 0 ? left_ : right_).swap(half);
    ++halves_;
    return true;
  }

  bool SpacedMerge(std::string_view merge) {
    const size_t space = merge.find(' ');
    if (space == merge.npos || merge.find(' ', space + 1) != merge.npos)
      Fail(where_, ": model.merges[", file_.merges.size(), "] is ", Shown(merge),
           ", expected two tokens with a space between");
    file_.merges.Add(merge.substr(0, space), merge.substr(space + 1));
    return true;
  }

  void RefuseInLists(const std::string& what) const {
    Require(part_ != Part::kVocab, where_, ": model.vocab ", Shown(word_), " is ", what,
            ", expected an id from 0 to ", INT32_MAX);
    Require(part_ == Part::kRest, where_, ": model.merges[", file_.merges.size(), "] is ", what,
            ", expected two tokens");
  }

  bool Value(json value) {
    if (part_ != Part::kRest) RefuseInLists(Shown(value));
    Put(std::move(value));
    return true;
  }

  json* Put(json value) {
    if (open_.empty()) return &(file_.rest = std::move(value));
    json& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool Open(json empty) {
    Require(open_.size() < kMaxDepth, where_, ": JSON nested deeper than ", kMaxDepth, " levels");
    if (open_.size() == 1 && open_.back()->is_object()) model_is_open_ = key_ == "model";
    open_.push_back(Put(std::move(empty)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const std::string& where_;
  const size_t size_;  // of the text
  TokenizerFile file_;
  Part part_ = Part::kRest;
  std::vector<json*> open_;  // the objects and arrays being read, of file_.rest
  bool model_is_open_ = false;
  std::string key_, word_, left_, right_;
  int halves_ = 0;
};

}  // namespace

MergeList::Texts MergeList::operator[](size_t i) const {
  const size_t begin = i == 0 ? 0 : places_[i - 1].end;
  const std::string_view joined = std::string_view(text_).substr(begin, places_[i].end - begin);
  return {joined.substr(0, places_[i].middle - begin), joined.substr(places_[i].middle - begin),
          joined};
}

void MergeList::Add(std::string_view left, std::string_view right) {
  text_ += left;
  const size_t middle = text_.size();
  text_ += right;
  places_.push_back({middle, text_.size()});
}

TokenizerFile ReadTokenizerFile(std::string_view text, const std::string& where) {
  Reader reader(where, text.size());
  json::sax_parse(text.begin(), text.end(), &reader);
  TokenizerFile file = reader.Take();
  Require(file.rest.is_object(), where, ": is no JSON object");
  return file;
}

std::string ModelType(const TokenizerFile& file, const std::string& where) {
  const auto model = file.rest.find("model");
  Require(model != file.rest.end() && model->is_object(), where,
          ": model is missing, expected one of type \"BPE\" or \"WordLevel\"");
  const auto type = model->find("type");
  if (type == model->end()) {
    Require(file.has_merges, where, ": model has no type, expected \"BPE\" or \"WordLevel\"");
    return "BPE";
  }
  Require(type->is_string(), where, ": model.type is ", Shown(*type), ", expected a name");
  return type->get<std::string>();
}

}  // namespace r1zero
