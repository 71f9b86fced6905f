#!/bin/sh
# SPDX-License-Identifier: MIT
# Install into an empty folder, and build against nothing but that.
#   install.sh SOURCE-FOLDER BUILD-FOLDER COMPILER
set -eu
here=$1/tests/install
build=$2
compiler=$3
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
failed=0

fail()
{
	echo "FAILED  $1"
	failed=1
}

ok()
{
	echo "ok      $1"
}

meson install -C "$build" --no-rebuild --destdir "$root" >"$root/log" 2>&1 || {
	cat "$root/log"
	exit 1
}

library=$(find "$root" -name libpushpull.so -printf '%h\n')
pc=$(find "$root" -name pushpull.pc)
include=$(find "$root" -path '*/pushpull/pushpull.h' -printf '%h\n')
include=${include%/pushpull}
export PKG_CONFIG_LIBDIR="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$root"
# A prefix of /usr is a system folder, whose flags pkg-config leaves out.
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1

# nine_lines NAME EXTRA-FLAGS...: build nine.c by pkg-config's flags, and run it.
nine_lines()
{
	name=$1
	shift
	# shellcheck disable=SC2046,SC2086 # flags are words
	if "$compiler" -std=c11 -Wall -Wextra -Werror "$here/nine.c" -o "$root/$name" \
		$(pkg-config --cflags pushpull) "$@" &&
		LD_LIBRARY_PATH=$library "$root/$name"
	then ok "$name"
	else fail "$name"
	fi
}

nine_lines_build_against_the_shared_library()
{
	# shellcheck disable=SC2046
	nine_lines dynamic $(pkg-config --libs pushpull)
	readelf -d "$root/dynamic" | grep -q 'NEEDED.*libpushpull' || fail 'dynamic: not linked to it'
}

nine_lines_build_against_the_static_library()
{
	# shellcheck disable=SC2046
	nine_lines static -static $(pkg-config --static --libs pushpull)
	if readelf -d "$root/static" | grep -q NEEDED; then fail 'static: needs a shared library'; fi
}

ten_lines_of_cxx_build_against_the_shared_library()
{
	# shellcheck disable=SC2046
	if "$compiler" -std=c++17 -Wall -Wextra -pedantic-errors -Werror "$here/ten.cc" -o "$root/ten" \
		$(pkg-config --cflags --libs pushpull) -lstdc++ &&
		LD_LIBRARY_PATH=$library "$root/ten"
	then ok cxx
	else fail cxx
	fi
}

# alone HEADER LANGUAGE STANDARD
alone()
{
	if echo "#include <pushpull/$1>" | "$compiler" -x "$2" "-std=$3" -pedantic-errors -Wall \
		-Wextra -Werror -fsyntax-only -I"$include" -
	then ok "$1 alone in $3"
	else fail "$1 alone in $3"
	fi
}

each_public_header_compiles_alone()
{
	for header in "$include"/pushpull/*; do
		header=${header##*/}
		case $header in
		*.hpp) ;;
		*) alone "$header" c c11 ;;
		esac
		alone "$header" c++ c++17
		alone "$header" c++ c++20
	done
}

the_version_of_pkg_config_is_that_of_the_header()
{
	want=$(sed -n 's/^#define PP_VERSION_[A-Z]* //p' "$include/pushpull/pushpull.h" | paste -sd.)
	[ "$(pkg-config --modversion pushpull)" = "$want" ] || fail 'pkg-config: another version'
}

nine_lines_build_against_the_shared_library
nine_lines_build_against_the_static_library
ten_lines_of_cxx_build_against_the_shared_library
each_public_header_compiles_alone
the_version_of_pkg_config_is_that_of_the_header
exit $failed
