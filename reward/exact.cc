// reward/exact.cc
