// reward/format.cc
