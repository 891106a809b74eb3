// tasks/signs_corpus.cc
