# SPDX-License-Identifier: 0BSD
#
# cmake -DNAME=x86_64 -DBASE=.../stub-x86_64 -DOBJCOPY=... -DREADELF=... -P make_image.cmake
#
# Checks the linked stub and writes it as a C array. What the injector relies on is checked here,
# and each check stops the build: nothing undefined, nothing to relocate, the symbols by which the
# injector and the stub meet, the size of the configuration, the same bytes at every address.

function(run output)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text ERROR_VARIABLE text_error RESULT_VARIABLE status)
  if(status OR text_error)
    message(FATAL_ERROR "stub ${NAME}: ${ARGN}: ${status} ${text_error}")
  endif()
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

# symbol(NAME TYPE SIZE-REGEX VARIABLE): its address in hexadecimal.
function(symbol name type size variable)
  if(NOT symbols MATCHES " ([0-9a-f]+) +${size} ${type} +[A-Z]+ +[A-Z]+ +1 ${name}\n")
    message(FATAL_ERROR "stub ${NAME}: no symbol ${name} (${type}, ${size} bytes) in:\n${symbols}")
  endif()
  set(${variable} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

run(relocations ${READELF} -r ${BASE}.elf)
if(NOT relocations MATCHES "There are no relocations in this file")
  message(FATAL_ERROR "stub ${NAME}: it has relocations:\n${relocations}")
endif()

run(symbols ${READELF} --symbols --wide ${BASE}.elf)
string(REGEX MATCHALL " UND [^ \n]+" undefined "${symbols}")
if(undefined)
  message(FATAL_ERROR "stub ${NAME}: undefined symbols:${undefined}")
endif()
symbol(elfcage_stub_config OBJECT 32 config)
symbol(elfcage_stub_entry FUNC "[0-9]+" entry)
symbol(elfcage_stub_main FUNC "[0-9]+" main)
symbol(elfcage_stub_return FUNC "[0-9]+" return)
if(NOT config MATCHES "^0+$")
  message(FATAL_ERROR "stub ${NAME}: elfcage_stub_config is at ${config}, not at 0")
endif()

run(ignored ${OBJCOPY} -O binary --only-section=.elfcage.stub ${BASE}.elf ${BASE}.bin)
run(ignored ${OBJCOPY} -O binary --only-section=.elfcage.stub ${BASE}-moved.elf ${BASE}-moved.bin)
file(READ ${BASE}.bin bytes HEX)
file(READ ${BASE}-moved.bin moved HEX)
if(NOT bytes STREQUAL moved)
  message(FATAL_ERROR "stub ${NAME}: its bytes depend on the address it is linked at")
endif()
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
math(EXPR entry_offset "0x${entry}")
math(EXPR return_offset "0x${return}")
string(SUBSTRING "${bytes}" 0 64 config_bytes)
if(NOT config_bytes MATCHES "^0+$")
  message(FATAL_ERROR "stub ${NAME}: the configuration is not zero")
endif()
if(size GREATER 4096)
  message(FATAL_ERROR "stub ${NAME}: ${size} bytes are more than a page")
endif()

string(REGEX REPLACE "(................................)" "\\1\n" lines "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," lines "${lines}")
file(WRITE ${BASE}.c.new "/* SPDX-License-Identifier: 0BSD */
/* Made from stub.c and arch/${NAME}.h by make_image.cmake. */
#include \"stub/stub_image.h\"

static const uint8_t bytes[${size}] = {
${lines}};

const struct stub_image stub_image_${NAME} = {
    .architecture = \"${NAME}\",
    .bytes = bytes,
    .size = sizeof bytes,
    .alignment = 16,
    .entry_offset = ${entry_offset},
    .return_offset = ${return_offset},
};
")
file(RENAME ${BASE}.c.new ${BASE}.c)

# For the tests, which lay a program around these bytes.
file(WRITE ${BASE}.h "#define STUB_BINARY \"${BASE}.bin\"\n#define STUB_ENTRY ${entry_offset}\n#define STUB_RETURN ${return_offset}\n")
