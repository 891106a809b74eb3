#include "tasks/parquet_json.h"

#include <charconv>
#include <cmath>
#include <string_view>

namespace r1zero {
namespace {

using arrow::Array;
using arrow::Type;

void AppendText(std::string_view text, std::string& json) {
  constexpr const char* kHex = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (json += '\\') += c;
    else if (byte < 0x20)
      ((json += "\\u00") += kHex[byte >> 4]) += kHex[byte & 15];
    else
      json += c;
  }
  json += '"';
}

template <typename T>
void AppendNumber(T value, std::string& json) {
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(value)) return void(json += "null");
  char digits[32];
  json.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

template <typename A>
void AppendNumberOf(const Array& array, int64_t i, std::string& json) {
  AppendNumber(static_cast<const A&>(array).Value(i), json);
}

template <typename A>
void AppendTextOf(const Array& array, int64_t i, std::string& json) {
  AppendText(static_cast<const A&>(array).GetView(i), json);
}

void AppendValue(const Array& array, int64_t i, std::string& json);

template <typename A>
void AppendList(const Array& array, int64_t i, std::string& json) {
  const auto& list = static_cast<const A&>(array);
  json += '[';
  const int64_t begin = list.value_offset(i), end = begin + list.value_length(i);
  for (int64_t item = begin; item < end; ++item) {
    if (item > begin) json += ',';
    AppendValue(*list.values(), item, json);
  }
  json += ']';
}

void AppendStruct(const arrow::StructArray& array, int64_t i, std::string& json) {
  json += '{';
  for (int field = 0; field < array.num_fields(); ++field) {
    if (field > 0) json += ',';
    AppendText(array.struct_type()->field(field)->name(), json);
    json += ':';
    AppendValue(*array.field(field), i, json);
  }
  json += '}';
}

void AppendValue(const Array& array, int64_t i, std::string& json) {
  if (array.IsNull(i)) return void(json += "null");
  switch (array.type_id()) {
    case Type::BOOL:
      json += static_cast<const arrow::BooleanArray&>(array).Value(i) ? "true" : "false";
      return;
    case Type::INT8: return AppendNumberOf<arrow::Int8Array>(array, i, json);
    case Type::INT16: return AppendNumberOf<arrow::Int16Array>(array, i, json);
    case Type::INT32: return AppendNumberOf<arrow::Int32Array>(array, i, json);
    case Type::INT64: return AppendNumberOf<arrow::Int64Array>(array, i, json);
    case Type::UINT8: return AppendNumberOf<arrow::UInt8Array>(array, i, json);
    case Type::UINT16: return AppendNumberOf<arrow::UInt16Array>(array, i, json);
    case Type::UINT32: return AppendNumberOf<arrow::UInt32Array>(array, i, json);
    case Type::UINT64: return AppendNumberOf<arrow::UInt64Array>(array, i, json);
    case Type::FLOAT: return AppendNumberOf<arrow::FloatArray>(array, i, json);
    case Type::DOUBLE: return AppendNumberOf<arrow::DoubleArray>(array, i, json);
    case Type::STRING: return AppendTextOf<arrow::StringArray>(array, i, json);
    case Type::LARGE_STRING: return AppendTextOf<arrow::LargeStringArray>(array, i, json);
    case Type::LIST: return AppendList<arrow::ListArray>(array, i, json);
    case Type::MAP: return AppendList<arrow::MapArray>(array, i, json);
    case Type::LARGE_LIST: return AppendList<arrow::LargeListArray>(array, i, json);
    case Type::FIXED_SIZE_LIST: return AppendList<arrow::FixedSizeListArray>(array, i, json);
    case Type::STRUCT: return AppendStruct(static_cast<const arrow::StructArray&>(array), i, json);
    case Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
      return AppendValue(*coded.dictionary(), coded.GetValueIndex(i), json);
    }
    default: json += "null";  // only of a schema that was not checked
  }
}

bool IsReadable(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::LARGE_STRING: return true;
    case Type::LIST:
    case Type::MAP:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::STRUCT:
      for (const auto& field : type.fields())
        if (!IsReadable(*field->type())) return false;
      return true;
    case Type::DICTIONARY:
      return IsReadable(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default: return false;
  }
}

}  // namespace

arrow::Status CheckReadable(const arrow::Schema& schema) {
  for (const auto& field : schema.fields())
    if (!IsReadable(*field->type()))
      return arrow::Status::TypeError("the column \"", field->name(), "\" is of type ",
                                      field->type()->ToString(),
                                      ", expected text, numbers, lists or structs");
  return arrow::Status::OK();
}

void AppendRow(const arrow::RecordBatch& batch, int64_t row, std::string& json) {
  json += '{';
  for (int column = 0; column < batch.num_columns(); ++column) {
    if (column > 0) json += ',';
    AppendText(batch.column_name(column), json);
    json += ':';
    AppendValue(*batch.column(column), row, json);
  }
  json += '}';
}

}  // namespace r1zero
