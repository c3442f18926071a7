@echo off
echo shop
