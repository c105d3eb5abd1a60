#!/bin/sh
# Checks every declaration of this project, without running anything: sh check.sh
# ตรวจคำประกาศทั้งหมดของโครงการนี้ โดยไม่นำเข้าข้อมูลใด
set -eu
command -v onemap > /dev/null || {
    echo "onemap is not on the PATH: activate the environment that One Map is installed in" >&2
    exit 69
}
cd "$(dirname "$0")"
exec onemap lint .
