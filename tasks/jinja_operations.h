// What operators do, and how attributes and items are found.
#pragma once

#include <string_view>

#include "tasks/jinja_value.h"

namespace r1zero::jinja {

// + - * / // % **. Error where Python has a TypeError, or where a result leaves 64 bits.
Value Arithmetic(std::string_view op, const Value& a, const Value& b, Budget& budget);
Value Negative(const Value& value);

// == != < <= > >= in "not in".
bool Compare(std::string_view op, const Value& a, const Value& b, Budget& budget);
bool Contains(const Value& container, const Value& item, Budget& budget);

// value.name, then value["name"]; undefined if neither is there. Error if `value` is undefined.
Value Attribute(const Value& value, std::string_view name, Budget& budget);
// value[key], then value.key.
Value Item(const Value& value, const Value& key, Budget& budget);
// value[begin:end:step]; a bound that is none is left out.
Value Slice(const Value& value, const Value& begin, const Value& end, const Value& step,
            Budget& budget);

}  // namespace r1zero::jinja
