aws ssm get-parameter --region eu-west-1 --with-decryption \
  --name /aws/reference/secretsmanager/keyturn/AIDACKCEVSQ6C2EXAMPLE/access-key \
  --query Parameter.Value --output text | jq -r .AccessKeyId
