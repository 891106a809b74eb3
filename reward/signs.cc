// reward/signs.cc
