#!/bin/sh
# credential_process = /usr/local/bin/print-key.sh
exec aws secretsmanager get-secret-value --profile reader --region eu-west-1 \
  --secret-id keyturn/AIDACKCEVSQ6C2EXAMPLE/access-key --query SecretString --output text
