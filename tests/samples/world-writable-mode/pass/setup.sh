chmod 755 run.sh
chmod u+x run.sh
