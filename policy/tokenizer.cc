#include "policy/tokenizer.h"
