// Text from files and peers, made fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

// UTF-8 text as it is; control characters other than newline and tab, and bytes that are no UTF-8, as
// \xNN.
std::string Printable(std::string_view text);

}  // namespace r1zero
