#!/bin/sh
# with-key.sh <command> …: runs it with the present key of ci-shop in its environment, and nowhere else.
set -eu
key=$(aws secretsmanager get-secret-value --region eu-west-1 \
  --secret-id keyturn/AIDACKCEVSQ6C2EXAMPLE/access-key --query SecretString --output text)
AWS_ACCESS_KEY_ID=$(printf %s "$key" | jq -r .AccessKeyId)
AWS_SECRET_ACCESS_KEY=$(printf %s "$key" | jq -r .SecretAccessKey)
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
unset AWS_SESSION_TOKEN AWS_PROFILE key
exec "$@"
