// reward/random.cc
