// Filters, tests and methods, by name.
#pragma once

#include <string_view>

#include "tasks/jinja_arguments.h"

namespace r1zero::jinja {

// input | name(arguments). Error if there is no such filter.
Value ApplyFilter(std::string_view name, const Value& input, const Arguments& arguments,
                  Budget& budget);
// Filters that call other filters and tests, or look for an attribute of each item.
Value ApplyItemFilter(std::string_view name, const Value& input, const Arguments& arguments,
                      Budget& budget);
// input is name(arguments).
bool ApplyTest(std::string_view name, const Value& input, const Arguments& arguments,
               Budget& budget);
// object.name(arguments), of texts, dicts, lists and loops.
Value CallMethod(const Value& object, std::string_view name, const Arguments& arguments,
                 Budget& budget);

// soft_str: text as it is, anything else printed.
Value AsText(const Value& value, Budget& budget);
Value Titled(const Value& text, Budget& budget);  // the filter's way, word by word

}  // namespace r1zero::jinja
