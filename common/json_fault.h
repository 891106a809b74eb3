// What a JSON parser says, made fit for an error message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace r1zero {

// Of the parser's message ("[json.exception.parse_error.101] parse error at line 1, column 9: syntax
// error while parsing value - invalid literal; last read: 'x'") the cause in plain words: "found no JSON
// value at 'x'". At most 100 characters, Printable. "syntax error" if it gives none.
std::string JsonFault(std::string_view what);

// "not valid JSON at byte 7 of 12: " and the cause; "it is empty, expected JSON"; "not valid JSON: it ends
// too early". `byte` counts from 1.
std::string JsonFaultAt(size_t byte, size_t size, std::string_view what);

}  // namespace r1zero
