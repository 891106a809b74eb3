// tasks/signs.cc
