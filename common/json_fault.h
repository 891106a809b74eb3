// What a JSON parser says, made fit for an error message.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

// Of the parser's message ("[json.exception.parse_error.101] parse error at line 1, column 9: syntax
// error while parsing value - invalid literal; last read: 'x'; expected ...") the cause: at most 100
// characters, bytes that no terminal should get as \xNN. "syntax error" if it gives none.
std::string JsonFault(std::string_view what);

}  // namespace r1zero
